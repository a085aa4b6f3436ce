-- One row is a stretch of the day in which a version of a line runs at a planned headway on a kind of day.
--
-- The reference files have the plan of working days only.
with final as (
    select
        intervalos.linha,
        versoes.primeiro_dia,
        versoes.ultimo_dia,
        'útil' as tipo_dia,
        3600 * cast(substring(intervalos.hora_inicio, 1, 2) as integer)
        + 60 * cast(substring(intervalos.hora_inicio, 4, 2) as integer) as de_s,
        3600 * cast(substring(intervalos.hora_fim, 1, 2) as integer)
        + 60 * cast(substring(intervalos.hora_fim, 4, 2) as integer) as ate_s,
        intervalos.intervalo_s
    from {{ ref('linha_intervalos') }} as intervalos
    inner join {{ ref('int_rede__versoes') }} as versoes
        on intervalos.linha = versoes.linha and intervalos.valido_desde = versoes.valido_desde
)

select * from final
