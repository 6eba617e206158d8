# What it received is kept in the folder that it runs in.
{
  arguments = _: [ "--data-dir=." ];
}
