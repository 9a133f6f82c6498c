"""The Postman collection, its generator, and the program that runs it."""
