-- One row is a whole trip from terminal to terminal on the line and in the direction that the label names: nothing about it is in doubt.

-- Those that began before the cut are known, or are part of the trip in which it lies.
with depois_do_corte as (
    select avancos.*
    from {{ ref('int_viagens__no_rotulo') }} as avancos
    inner join {{ ref('int_viagens__rotulos') }} as rotulos on avancos.percurso = rotulos.percurso
    inner join {{ ref('int_viagens__dias') }} as dias on rotulos.veiculo_dia = dias.veiculo_dia
    where avancos.inicio > coalesce(dias.corte, 0)
),

{{ measured_advances('depois_do_corte', ref('int_viagens__rotulos')) }},

final as (
    select *
    from medidos
    where do_terminal and ao_terminal and sentido_no_rotulo >= {{ var('rotulo_posto_fracao') }}
)

select * from final
