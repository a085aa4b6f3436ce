-- One row is a whole trip from terminal to terminal on the line and in the direction that the label names: nothing about it is in doubt.

with {{ measured_advances(ref('int_viagens__no_rotulo'), ref('int_viagens__rotulos')) }},

final as (
    select medidos.*
    from medidos
    inner join {{ ref('int_viagens__dias') }} as dias on medidos.veiculo_dia = dias.veiculo_dia
    where do_terminal and ao_terminal and sentido_no_rotulo >= {{ var('rotulo_posto_fracao') }} and inicio > coalesce(dias.corte, 0)
)

select * from final
