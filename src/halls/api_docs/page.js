// Starts Swagger UI with the document of this server. A login on the page sets the token for its other requests.
const SESSION_PATHS = /\/auth\/(signup|login|google|me|change-password)$/;

function keepToken(response) {
  const token = response.ok && SESSION_PATHS.test(new URL(response.url).pathname) && response.body?.data?.token;
  if (token) {
    page.preauthorizeApiKey("bearer", token);
  }
  return response;
}

const page = SwaggerUIBundle({
  dom_id: "#docs",
  url: "openapi.json",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  filter: true,
  persistAuthorization: true,
  responseInterceptor: keepToken,
  tryItOutEnabled: true,
  validatorUrl: null,
});
