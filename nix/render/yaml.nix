# Renders a value as YAML for people: one line per scalar, keys in alphabetical order.
{ lib }:
let
  # Words that YAML would not read as text.
  reserved = [
    "false"
    "n"
    "no"
    "null"
    "off"
    "on"
    "true"
    "y"
    "yes"
  ];
  scalar =
    value:
    if
      lib.isString value
      && builtins.match "[A-Za-z/][A-Za-z0-9/._-]*" value != null
      && !lib.elem (lib.toLower value) reserved
    then
      value
    else
      builtins.toJSON value;

  isCollection = value: (lib.isAttrs value || lib.isList value) && value != { } && value != [ ];
  indent = map (line: "  ${line}");
  # The lines of a collection, or of a scalar.
  lines =
    value:
    if !isCollection value then
      [ (scalar value) ]
    else if lib.isList value then
      lib.concatMap (
        item:
        let
          nested = lines item;
        in
        [ "- ${lib.head nested}" ] ++ indent (lib.tail nested)
      ) value
    else
      lib.concatLists (
        lib.mapAttrsToList (
          key: item:
          if isCollection item then
            [ "${scalar key}:" ] ++ indent (lines item)
          else
            [ "${scalar key}: ${scalar item}" ]
        ) value
      );
in
value: lib.concatLines (lines value)
