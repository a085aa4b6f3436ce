-- One row is a vehicle: its most recent signal, where that is, and how old it was when something was last heard.
--
-- A run costs what was loaded since the last one: it compares the new signals of a vehicle with the one row that the
-- vehicle has here, and never looks at the history. A late load with older signals therefore changes nothing.
{{ config(materialized='incremental', unique_key='codigo', on_schema_change='fail') }}

{% set chave -%}
        id_veiculo,
        timestamp_gps,
        adiantamento_segundos
{%- endset %}

with candidatos as (
    select
        {{ chave }}
    from {{ ref('gps_brt') }}
    {% if is_incremental() %}
    where load_id > (select coalesce(max(load_id), 0) from {{ this }})
    union all
    select
        codigo as id_veiculo,
        datahora as timestamp_gps,
        adiantamento_segundos
    from {{ this }}
    {% endif %}
),

ordenados as (
    select
        {{ chave }},
        row_number() over (
            partition by id_veiculo
            order by
                case when adiantamento_segundos > {{ var('futuro_tolerado_segundos') }} then 1 else 0 end,
                timestamp_gps desc
        ) as ordem
    from candidatos
),

-- What is derived of a signal can change while it stays the most recent one: when one before it is loaded later.
sinais as (
    select
        gps.*,
        {{ seconds_between('gps.timestamp_gps', 'max(gps.captured_at) over ()') }} as idade_segundos
    from ordenados
    inner join {{ ref('gps_brt') }} as gps
        on ordenados.id_veiculo = gps.id_veiculo and ordenados.timestamp_gps = gps.timestamp_gps
    where ordenados.ordem = 1
),

distancias as (
    select
        sinais.id_veiculo,
        estacoes.estacao_id,
        estacoes.nome,
        {{ metres_between('sinais.latitude', 'sinais.longitude', 'estacoes.latitude', 'estacoes.longitude') }}
        as distancia_m
    from sinais
    cross join {{ ref('estacoes') }} as estacoes
    where not sinais.flag_fora_da_area
),

estacoes_proximas as (
    select
        id_veiculo,
        estacao_id,
        nome,
        distancia_m,
        row_number() over (partition by id_veiculo order by distancia_m, estacao_id) as ordem
    from distancias
),

final as (
    select
        sinais.id_veiculo as codigo,
        sinais.placa,
        sinais.linha,
        sinais.latitude,
        sinais.longitude,
        sinais.timestamp_gps as datahora,
        sinais.velocidade_instantanea as velocidade,
        sinais.sentido,
        sinais.sentido_informado,
        sinais.flag_sentido_corrigido,
        sinais.trajeto,
        sinais.progresso_m,
        sinais.desvio_m,
        sinais.hodometro,
        sinais.direcao,
        sinais.ignicao,
        sinais.status,
        sinais.velocidade_estimada_10_min,
        proximas.estacao_id,
        proximas.nome as estacao_nome,
        {{ rounded('proximas.distancia_m', 1) }} as distancia_estacao_m,
        sinais.idade_segundos,
        case
            when sinais.idade_segundos <= {{ var('ao_vivo_segundos') }} then 'ao vivo'
            when sinais.idade_segundos <= {{ var('em_silencio_segundos') }} then 'atrasado'
            when sinais.idade_segundos <= {{ var('fora_de_operacao_segundos') }} then 'em silêncio'
            else 'fora de operação'
        end as classe_idade,
        sinais.qualidade,
        sinais.captured_at,
        sinais.load_id,
        sinais.adiantamento_segundos
    from sinais
    left join estacoes_proximas as proximas
        on sinais.id_veiculo = proximas.id_veiculo and proximas.ordem = 1
)

select * from final
