-- One row is a whole trip from terminal to terminal on the line that the label names: nothing about it is in doubt.

with {{ measured_advances(ref('int_viagens__no_rotulo'), ref('int_viagens__rotulos')) }},

final as (
    select *
    from medidos
    where do_terminal and ao_terminal
)

select * from final
