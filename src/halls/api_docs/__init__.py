"""The API's own documentation: its OpenAPI document, made from what validates, and a page to try it on."""
