"""The contract as outsiders meet it: examples, schemas, documents, other implementations."""
