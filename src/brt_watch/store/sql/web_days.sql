-- The minutes of each day in the city by their good and planned polls.
select
    cast(cast(minuto at time zone %(fuso)s as date) as text) as dia,
    consultas_boas as boas,
    consultas_previstas as previstas,
    count(*)::integer as minutos
from cobertura_captura
where
    minuto >= %(de)s
    and minuto < %(ate)s
    and consultas_previstas > 0
group by dia, consultas_boas, consultas_previstas
