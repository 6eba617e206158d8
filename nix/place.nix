# How a message names a file: relative to this repository, or to the source of the flake that it belongs to.
{ lib }:
file:
let
  path = builtins.unsafeDiscardStringContext (toString file);
  own = "${toString ../.}/";
  elsewhere = builtins.match "/nix/store/[0-9a-z]{32}-[^/]+/(.+)" path;
in
if lib.hasPrefix own path then
  lib.removePrefix own path
else if elsewhere != null then
  lib.head elsewhere
else
  path
