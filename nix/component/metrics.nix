# The names of metrics in PromQL, without a parser: names that are neither a function, a keyword, a label nor a variable.
{ lib }:
let
  keywords = [
    "and"
    "atan2"
    "bool"
    "by"
    "group_left"
    "group_right"
    "ignoring"
    "inf"
    "nan"
    "offset"
    "on"
    "or"
    "start"
    "end"
    "unless"
    "without"
  ];
  without = pattern: text: lib.concatStrings (lib.filter lib.isString (builtins.split pattern text));
in
{
  # The names in an expression.
  named =
    expression:
    let
      # Without strings, label matchers, ranges, lists of labels, Grafana's variables and comments.
      text = lib.foldl' (text: pattern: without pattern text) expression [
        ''"([^"\]|\\.)*"|'([^'\]|\\.)*'|`[^`]*`''
        "\\{[^}]*}"
        "\\[[^]]*]"
        "(by|without|on|ignoring|group_left|group_right)[[:space:]]*\\([^)]*\\)"
        "\\$(\\{[^}]*}|[a-zA-Z_]+)"
        "#[^\n]*"
      ];
      words = lib.filter lib.isList (builtins.split "([a-zA-Z0-9_:.]+)[[:space:]]*(\\(?)" text);
      isName =
        word:
        lib.elemAt word 1 == ""
        && builtins.match "[a-zA-Z_:][a-zA-Z0-9_:]*" (lib.head word) != null
        && !lib.elem (lib.toLower (lib.head word)) keywords;
    in
    lib.unique (map lib.head (lib.filter isName words));

  # The expressions of a dashboard, as Grafana reads it, that Prometheus evaluates.
  expressions =
    let
      ofPart =
        type: part:
        if lib.isList part then
          lib.concatMap (ofPart type) part
        else if lib.isAttrs part then
          let
            datasource = part.datasource or null;
            own = if lib.isAttrs datasource then datasource.type or type else type;
          in
          lib.optional (own == "prometheus" && lib.isString (part.expr or null)) part.expr
          ++ lib.concatMap (ofPart own) (lib.attrValues part)
        else
          [ ];
    in
    ofPart "prometheus";
}
