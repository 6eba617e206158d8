{
  component.checkout = { };
}
