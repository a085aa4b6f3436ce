-- One row is a whole trip in whose middle a vehicle's day can be cut: nothing before it depends on anything after it,
-- once signals are newer than `certo_desde`.
--
-- By then all advances that began before the middle have ended, so long ago that no later signal continues them or
-- turns their last places into errors. A run rebuilds what lies after the cut that it started from.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    indexes=indexes([{'columns': ['id_veiculo', 'dia_operacao']}]),
    pre_hook="{{ plan_for_many_rows() }}",
    post_hook="{{ delete_after_the_cuts('corte') }}"
) }}

{% set folga = var('viagem_silencio_segundos') + 2 * var('viagem_vizinho_segundos') %}

-- depends_on: {{ ref('int_viagens__dias') }}
with avancos as (
    select
        rotulos.veiculo_dia,
        avancos.inicio,
        max(avancos.segundo) as fim
    from {{ ref('int_viagens__no_rotulo') }} as avancos
    inner join {{ ref('int_viagens__rotulos') }} as rotulos on avancos.percurso = rotulos.percurso
    group by rotulos.veiculo_dia, avancos.percurso, avancos.inicio
),

meios as (
    select
        veiculo_dia,
        id_viagem,
        id_veiculo,
        dia_operacao,
        chegada,
        cast(floor((partida + chegada) / 2) as bigint) as corte
    from {{ ref('int_viagens__encontradas') }}
    where pelo_rotulo = 1 and chegada - partida >= 4 * {{ var('corte_folga_segundos') }}
),

marcas as (
    select
        veiculo_dia,
        inicio as segundo,
        fim,
        cast(null as text) as id_viagem
    from avancos
    union all
    select
        veiculo_dia,
        corte as segundo,
        cast(null as bigint) as fim,
        id_viagem
    from meios
),

terminados as (
    select
        id_viagem,
        max(fim) over (
            partition by veiculo_dia order by segundo range between unbounded preceding and current row
        ) as fim
    from marcas
),

final as (
    select
        meios.id_viagem,
        meios.id_veiculo,
        meios.dia_operacao,
        meios.corte,
        meios.chegada,
        terminados.fim + {{ folga }} as certo_desde,
        {{ derived_by() }} as derived_by
    from meios
    inner join terminados on meios.id_viagem = terminados.id_viagem
)

select * from final
