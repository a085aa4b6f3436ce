"""The rows of the dbt marts, by name, period and filter, from Postgres or from the models on the lake."""
