-- One row is a line with a headway planned for the moment of the newest good poll.
with final as (
    select
        plano.linha,
        plano.intervalo_s
    from {{ ref('int_rede__plano') }} as plano
    inner join {{ ref('int_agora__consulta') }} as consulta
        on {{ is_planned_at('plano', 'consulta.dia_operacao', 'consulta.segundo_do_dia') }}
)

select * from final
