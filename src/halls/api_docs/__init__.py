"""The API reference: the OpenAPI document, generated from the routes and models, and a page with Swagger UI."""
