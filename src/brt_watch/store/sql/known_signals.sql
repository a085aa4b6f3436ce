-- The signals that the table already has of the time of a window, and of other moments that its signals name.
copy (
    select
        datahora at time zone 'UTC' as datahora,
        codigo
    from brt_raw
    where datahora between %(since)s and %(until)s
    union all
    select
        datahora at time zone 'UTC' as datahora,
        codigo
    from brt_raw
    where datahora = any(%(others)s::timestamptz [])
)
to stdout (format csv)
