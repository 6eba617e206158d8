# It shows injected faults and notifications where there are any.
{
  optional = [
    "mock-slack"
    "workload-simulator"
  ];
}
