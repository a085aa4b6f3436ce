-- The signals that the table has of a time. Nobody else loads meanwhile, so what is not there now is new.
select
    datahora,
    codigo
from brt_raw
where datahora between %s and %s
