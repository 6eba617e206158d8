# The id of the user and of the group that every container runs as.
65532
