-- The first and the last tick that brought something.
select
    (select tick from brt_poll where status in ('ok', 'late') order by tick limit 1) as primeiro,
    (select tick from brt_poll where status in ('ok', 'late') order by tick desc limit 1) as ultimo
