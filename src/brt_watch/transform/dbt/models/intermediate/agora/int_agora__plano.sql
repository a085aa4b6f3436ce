-- One row is a line with a headway planned for the moment of the newest good poll.
--
-- The plan is that of a working day, on the other days too: there is none of their own.
with final as (
    select
        plano.linha,
        plano.intervalo_s
    from {{ ref('int_rede__plano') }} as plano
    inner join {{ ref('int_agora__consulta') }} as consulta
        on
            consulta.dia_operacao between plano.primeiro_dia and plano.ultimo_dia
            and consulta.segundo_do_dia >= plano.de_s
            and consulta.segundo_do_dia < plano.ate_s
)

select * from final
