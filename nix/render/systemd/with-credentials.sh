# with-credentials PROGRAM [ARGUMENT...]: runs it with the unit's credentials as environment variables, if they have the
# names of such. It can read others as files only.

for file in "$CREDENTIALS_DIRECTORY"/*; do
  name=${file##*/}
  [[ ! $name =~ ^[A-Z_][A-Z0-9_]*$ ]] || export "$name=$(< "$file")"
done
exec "$@"
