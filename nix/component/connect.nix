# The address that a connection's flag takes: a URL, except for Kafka, whose protocol has none.
{ at, url, ... }:
{ name, port, ... }:
if port == "broker" then at.${name}.${port} else url.${name}.${port}
