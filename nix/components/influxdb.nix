# InfluxDB 2, which nothing writes to yet.
{ nixpkgs, ... }:
{
  description = "InfluxDB";
  license = "MIT";
  package = nixpkgs.influxdb2-server;
  program = "influxd";
  arguments =
    { listen, ... }:
    [
      "--http-bind-address=${listen.influxdb.http}"
      "--bolt-path=influxd.bolt"
      "--sqlite-path=influxd.sqlite"
      "--engine-path=engine"
      "--reporting-disabled"
    ];

  ports.http = 8086;
  ready = {
    port = "http";
    path = "/health";
  };
  entrances = [ "http" ];
  state = true;

  cluster = {
    cpu = 50;
    # not measured
    memory = {
      request = 128;
      limit = 512;
    };
    backup = true;
  };

  image.environment = {
    INFLUXD_BOLT_PATH = "/data/influxd.bolt";
    INFLUXD_SQLITE_PATH = "/data/influxd.sqlite";
    INFLUXD_ENGINE_PATH = "/data/engine";
  };
}
