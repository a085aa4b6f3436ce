-- One row is a vehicle: its most recent signal, its place, and its age at the newest signal of all.
--
-- The cost of a run depends only on what was loaded since the last one: it compares a vehicle's new signals with its one
-- row here and never reads the history, so a late load of older signals changes nothing. Each run rewrites every row, so
-- that a new column is complete after one run.
{{ config(
    materialized='incremental',
    unique_key='codigo', on_schema_change='append_new_columns',
    pre_hook="{{ plan_for_many_rows() }}"
) }}

with candidatos as (
    select
        id_veiculo,
        timestamp_gps,
        adiantamento_segundos
    from {{ ref('gps_brt') }}
    {% if is_incremental() %}
    where {{ newer_rows(this) }}
    union all
    select
        codigo as id_veiculo,
        datahora as timestamp_gps,
        adiantamento_segundos
    from {{ this }}
    {% endif %}
),

-- An aggregate: row_number would sort all signals. A stamp too far ahead counts only where there is no other.
ultimos as (
    select
        id_veiculo,
        coalesce(
            max(case when adiantamento_segundos <= {{ var('futuro_tolerado_segundos') }} then timestamp_gps end),
            max(timestamp_gps)
        ) as timestamp_gps
    from candidatos
    group by id_veiculo
),

-- The derived columns of the most recent signal can change, when an earlier signal is loaded later.
sinais as (
    select
        gps.*,
        {{ seconds_between('gps.timestamp_gps', 'max(gps.captured_at) over ()') }} as idade_segundos
    from ultimos
    inner join {{ ref('gps_brt') }} as gps
        on ultimos.id_veiculo = gps.id_veiculo and ultimos.timestamp_gps = gps.timestamp_gps
),

-- The newest spelling of a path.
nomes as (
    select
        linha,
        sentido,
        trajeto,
        row_number() over (partition by linha, sentido order by ultima_vez desc, primeira_vez desc, trajeto) as ordem
    from {{ ref('trajeto_nomes') }}
),

nomeados as (
    select
        sinais.*,
        nomes.trajeto as trajeto_nome,
        case
            when sinais.trajeto != '' and sinais.servico is not null then conhecidos.linha is not null
        end as flag_trajeto_conhecido
    from sinais
    left join nomes on sinais.servico = nomes.linha and sinais.sentido = nomes.sentido and nomes.ordem = 1
    left join (select distinct linha, trajeto from {{ ref('trajeto_nomes') }}) as conhecidos
        on sinais.servico = conhecidos.linha and sinais.trajeto = conhecidos.trajeto
),

distancias as {{ materialized() }} (
    select
        nomeados.id_veiculo,
        estacoes.estacao_id,
        {{ metres_between('nomeados.latitude', 'nomeados.longitude', 'estacoes.latitude', 'estacoes.longitude') }}
        as distancia_m
    from nomeados
    inner join {{ ref('estacoes') }} as estacoes on not nomeados.flag_fora_da_area
),

menores as (
    select
        id_veiculo,
        min(distancia_m) as distancia_m
    from distancias
    group by id_veiculo
),

mais_perto as {{ materialized() }} (
    select
        distancias.id_veiculo,
        distancias.distancia_m,
        min(distancias.estacao_id) as estacao_id
    from menores
    inner join distancias on menores.id_veiculo = distancias.id_veiculo and menores.distancia_m = distancias.distancia_m
    group by distancias.id_veiculo, distancias.distancia_m
),

proximas as (
    select
        nomeados.*,
        estacoes.estacao_id as proxima_id,
        estacoes.nome as proxima_nome,
        mais_perto.distancia_m
    from nomeados
    left join mais_perto on nomeados.id_veiculo = mais_perto.id_veiculo
    left join {{ ref('estacoes') }} as estacoes on mais_perto.estacao_id = estacoes.estacao_id
),

final as (
    select
        proximas.id_veiculo as codigo,
        proximas.placa,
        proximas.linha,
        proximas.latitude,
        proximas.longitude,
        proximas.timestamp_gps as datahora,
        proximas.velocidade_instantanea as velocidade,
        proximas.sentido,
        proximas.sentido_informado,
        proximas.flag_sentido_corrigido,
        proximas.trajeto,
        proximas.trajeto_nome,
        proximas.flag_trajeto_conhecido,
        proximas.progresso_m,
        proximas.desvio_m,
        proximas.hodometro,
        proximas.direcao,
        proximas.ignicao,
        proximas.status,
        proximas.velocidade_estimada_10_min,
        proximas.proxima_id as estacao_id,
        proximas.proxima_nome as estacao_nome,
        {{ rounded('proximas.distancia_m', 1) }} as distancia_estacao_m,
        proximas.idade_segundos,
        {{ age_class('proximas.idade_segundos') }} as classe_idade,
        proximas.qualidade,
        proximas.captured_at,
        proximas.load_id,
        proximas.adiantamento_segundos,
        {{ derived_by() }} as derived_by,
        proximas.servico
    from proximas
)

select * from final
