# It keeps what it received in its working directory.
{
  arguments = _: [ "--data-dir=." ];
}
