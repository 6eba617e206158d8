{
  without = [ "elasticsearch" ];
}
