# The type of a schedule as Kubernetes reads it.
{ lib }:
let
  # One field: a list of values, ranges and steps.
  values = value: "(\\*|${value}(-${value})?)(/[1-9][0-9]*)?";
  field = value: "${values value}(,${values value})*";
  pattern = lib.concatMapStringsSep " +" field [
    "[0-5]?[0-9]"
    "([01]?[0-9]|2[0-3])"
    "(0?[1-9]|[12][0-9]|3[01])"
    "(0?[1-9]|1[0-2])"
    "[0-6]"
  ];
in
lib.mkOptionType {
  name = "schedule";
  description = "schedule of five fields (minute, hour, day of the month, month, day of the week from 0)";
  descriptionClass = "noun";
  check = value: lib.isString value && builtins.match pattern value != null;
  merge = lib.mergeEqualOption;
}
