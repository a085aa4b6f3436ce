-- One row is a line and a service day: whether the word of its labels means the other direction, learned from movement.
{{ config(materialized='view') }}

with dias as (
    select
        linha,
        dia,
        sum(concordam) as concordam,
        sum(contrariam) as contrariam
    from {{ ref('int_sentidos__movimentos') }}
    group by linha, dia
),

janelas as (
    select
        linha,
        dia,
        concordam,
        contrariam,
        sum(concordam) over dias_capturados as concordam_dos_dias,
        sum(contrariam) over dias_capturados as contrariam_dos_dias
    from dias
    window dias_capturados as (
        partition by linha order by dia rows between {{ var('sentido_trocado_dias') - 1 }} preceding and current row
    )
),

final as (
    select
        linha,
        dia,
        cast(concordam as integer) as concordam,
        cast(contrariam as integer) as contrariam,
        concordam_dos_dias + contrariam_dos_dias >= {{ var('sentido_trocado_movimentos') }}
        and contrariam_dos_dias
        >= {{ var('sentido_trocado_fracao') }} * (concordam_dos_dias + contrariam_dos_dias) as trocado
    from janelas
)

select * from final
