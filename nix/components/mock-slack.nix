# It stores the received notifications in its working directory.
{
  arguments = _: [ "--data-dir=." ];
}
