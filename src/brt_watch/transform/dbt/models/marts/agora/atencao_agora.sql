-- One row is a vehicle of a line, outside a garage, that is off its path or has been silent for a while, up to an hour.
{{ config(materialized='view') }}

with veiculos as (
    select
        codigo,
        linha,
        idade_segundos,
        estacao_nome,
        case
            when classe_idade != 'ao vivo' and status != 'Parado terminal' then 'em silêncio'
            when status in ('Operando fora trajeto', 'Parado fora trajeto') then 'fora do trajeto'
        end as motivo
    from {{ ref('veiculos_agora') }}
    where
        linha is not null
        and status != 'Parado garagem'
        and idade_segundos <= {{ var('intervalo_max_segundos') }}
),

final as (
    select
        codigo,
        linha,
        motivo,
        idade_segundos,
        estacao_nome
    from veiculos
    where motivo is not null
)

select * from final
