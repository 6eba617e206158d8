{
  without = [ "tempo" ];
}
