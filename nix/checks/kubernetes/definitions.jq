# The definitions in Kubernetes' OpenAPI document, as JSON Schemas that refuse unknown fields.
{
  definitions: .definitions | map_values(
    if .format == "int-or-string" then { type: ["integer", "string"] }
    elif has("properties") then .additionalProperties = false
    else . end
  )
}
