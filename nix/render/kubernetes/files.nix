# The files that a component reads, for its ConfigMap: each has a path below /etc/tidewatch, a key, which can't contain
# slashes, and the text or the source.
{
  lib,
  addresses,
  yaml,
}:
component:
let
  document = document: { text = yaml document; };
  # All files of an entry in the component's `files`, by path.
  expand =
    path: contents:
    if contents ? source then
      lib.mapAttrs' (
        file: _: lib.nameValuePair "${path}/${file}" { source = contents.source + "/${file}"; }
      ) (lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir contents.source))
    else if contents ? paths then
      lib.mapAttrs' (file: source: lib.nameValuePair "${path}/${file}" { inherit source; }) contents.paths
    else if contents ? documents then
      lib.mapAttrs' (file: value: lib.nameValuePair "${path}/${file}" (document value)) contents.documents
    else if contents ? document then
      { ${path} = document contents.document; }
    else
      { ${path} = { inherit (contents) text; }; };
in
lib.mapAttrsToList (path: contents: {
  inherit path contents;
  key = lib.replaceStrings [ "/" ] [ "." ] path;
}) (lib.concatMapAttrs (path: contents: expand path (contents addresses)) component.files)
