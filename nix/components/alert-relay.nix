# It sends alerts to webhooks on the internet, too, whose certificates are from public authorities.
{
  image.certificates = true;
}
