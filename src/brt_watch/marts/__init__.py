"""What the marts of dbt hold, read by name, period and filter, from Postgres or from the models on the lake."""
