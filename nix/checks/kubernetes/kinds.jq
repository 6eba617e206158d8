# From the same document, a line per kind: its name with group and version, such as deployment-apps-v1, and its definition.
.definitions | to_entries[]
| .key as $definition
| .value["x-kubernetes-group-version-kind"] // [] | .[]
| "\([(.kind | ascii_downcase), (.group | split(".")[0] // empty), .version] | join("-")) \($definition)"
