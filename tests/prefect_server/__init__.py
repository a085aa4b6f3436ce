"""A double of the Prefect Server 0.15.9, for tests: its GraphQL API, in memory, as strict as a schema can be.

It answers the operations that the 0.15.9 client sends for our flows, and refuses every other operation, field and
argument (`schema.graphql`). A test asks `refused` in the end, so that nothing is refused in silence.
"""
