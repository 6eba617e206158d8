# The storage class `standard`, which is the default, and the program that provides its volumes: folders of the node.
{ objects, imageOf }:
let
  name = "volumes";
  folder = "/var/lib/volumes";
in
[
  {
    apiVersion = "storage.k8s.io/v1";
    kind = "StorageClass";
    metadata = {
      name = "standard";
      annotations."storageclass.kubernetes.io/is-default-class" = "true";
    };
    # Only its name matters: the program looks for claims of this class.
    provisioner = "tidewatch/volumes";
    volumeBindingMode = "WaitForFirstConsumer";
    reclaimPolicy = "Delete";
  }
]
++ objects.account name [
  {
    apiGroups = [ "" ];
    resources = [ "persistentvolumeclaims" ];
    verbs = [
      "list"
      "watch"
    ];
  }
  {
    apiGroups = [ "" ];
    resources = [ "persistentvolumes" ];
    verbs = [
      "create"
      "delete"
      "get"
      "list"
      "patch"
      "watch"
    ];
  }
]
++ [
  (objects.workload "DaemonSet" name {
    containers = [
      {
        inherit name;
        image = imageOf name;
        env = [ objects.nodeName ];
        resources.requests = {
          cpu = "10m";
          memory = "64Mi";
        };
        volumeMounts = [
          {
            name = "folder";
            mountPath = folder;
          }
        ];
      }
    ];
    volumes = [
      {
        name = "folder";
        hostPath = {
          path = folder;
          type = "DirectoryOrCreate";
        };
      }
    ];
  })
]
