# with-credentials PROGRAM [ARGUMENT...]: runs it with each of the unit's credentials as an environment variable.

for file in "$CREDENTIALS_DIRECTORY"/*; do
  export "${file##*/}=$(< "$file")"
done
exec "$@"
