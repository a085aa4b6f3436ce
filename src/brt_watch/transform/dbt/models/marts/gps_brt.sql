-- One row is a signal of a vehicle: the city's public table of the BRT's GPS, and what the city leaves out.
--
-- A signal is seen beside those of the same vehicle in the hour before it (`intervalo_max_segundos`), and nothing else
-- of the history. A run therefore makes the rows of the new signals, makes those again that lie within an hour after
-- one, and reads an hour more for them: increments in any order give what a full refresh gives.
{{ config(
    materialized='incremental',
    unique_key=['id_veiculo', 'timestamp_gps'],
    on_schema_change='fail',
    indexes=indexes([
        {'columns': ['id_veiculo', 'timestamp_gps']},
        {'columns': ['timestamp_gps'], 'type': 'brin'},
        {'columns': ['load_id']},
        {'columns': ['derived_by']}
    ]),
    pre_hook="{{ plan_for_many_rows() }}"
) }}

{% set hora = var('intervalo_max_segundos') %}
{% set desde -%}
    {% if is_incremental() %}where {{ newer_loads(this) }}{% endif %}
{%- endset %}

{#- What one signal says, by the names that it has in this table. -#}
{% set do_sinal = [
    'id_veiculo', 'timestamp_gps', 'placa', 'linha', 'servico', 'sentido_informado', 'trajeto', 'latitude', 'longitude',
    'velocidade_instantanea', 'direcao', 'ignicao', 'hodometro', 'captured_at', 'load_id', 'adiantamento_segundos',
    'flag_sem_posicao', 'flag_fora_da_area', 'flag_futuro', 'flag_atrasado', 'flag_codigo_fora_da_frota',
    'flag_velocidade_improvavel', 'desvio_ida_m', 'distancia_ida_m', 'desvio_volta_m', 'distancia_volta_m',
    'estacao_id', 'distancia_estacao_m', 'garagem'
] %}

with sinais as (
    select
        codigo as id_veiculo,
        datahora as timestamp_gps,
        placa,
        linha,
        servico,
        sentido as sentido_informado,
        trajeto,
        latitude,
        longitude,
        velocidade as velocidade_instantanea,
        direcao,
        ignicao,
        hodometro,
        captured_at,
        load_id,
        adiantamento_segundos,
        flag_sem_posicao,
        flag_fora_da_area,
        flag_futuro,
        flag_atrasado,
        flag_codigo_fora_da_frota,
        flag_velocidade_improvavel
    from {{ ref('stg_brt__sinais') }}
    {{ desde }}
),

trajetos as (
    select *
    from {{ ref('int_sinais__no_trajeto') }}
    {{ desde }}
),

estacoes as (
    select *
    from {{ ref('int_sinais__na_estacao') }}
    {{ desde }}
),

garagens as (
    select *
    from {{ ref('int_sinais__na_garagem') }}
    {{ desde }}
),

novos as (
    select
        sinais.*,
        trajetos.desvio_ida_m,
        trajetos.distancia_ida_m,
        trajetos.desvio_volta_m,
        trajetos.distancia_volta_m,
        estacoes.estacao_id,
        estacoes.distancia_estacao_m,
        garagens.garagem
    from sinais
    left join trajetos on sinais.id_veiculo = trajetos.codigo and sinais.timestamp_gps = trajetos.datahora
    left join estacoes on sinais.id_veiculo = estacoes.codigo and sinais.timestamp_gps = estacoes.datahora
    left join garagens on sinais.id_veiculo = garagens.codigo and sinais.timestamp_gps = garagens.datahora
),

{% if is_incremental() %}
-- The new signals of a vehicle, in stretches with two hours and more between them: so no hour around one meets another.
pausas as (
    select
        id_veiculo,
        timestamp_gps,
        case
            when
                timestamp_gps - lag(timestamp_gps) over (partition by id_veiculo order by timestamp_gps)
                <= {{ seconds(2 * hora) }}
                then 0
            else 1
        end as pausa
    from novos
),

numerados as (
    select
        id_veiculo,
        timestamp_gps,
        sum(pausa) over (partition by id_veiculo order by timestamp_gps) as faixa
    from pausas
),

faixas as (
    select
        id_veiculo,
        min(timestamp_gps) - {{ seconds(hora) }} as de,
        max(timestamp_gps) + {{ seconds(hora) }} as ate
    from numerados
    group by id_veiculo, faixa
),

conhecidos as (
    select
        {%- for coluna in do_sinal %}
        vizinhos.{{ coluna }}{{ ',' if not loop.last }}
        {%- endfor %}
    from faixas
    cross join lateral (
        select
            {%- for coluna in do_sinal %}
            tabela.{{ coluna }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ this }} as tabela
        where
            tabela.id_veiculo = faixas.id_veiculo
            and tabela.timestamp_gps >= faixas.de
            and tabela.timestamp_gps <= faixas.ate
        {{ join_one_by_one() }}
    ) as vizinhos
),
{% endif %}

juntos as (
    select
        {{ do_sinal | join(',\n        ') }},
        1 as novo
    from novos
    {% if is_incremental() %}
    union all
    select
        {{ do_sinal | join(',\n        ') }},
        0 as novo
    from conhecidos
    {% endif %}
),

-- What cannot be true is no neighbour of what can.
situados as (
    select
        juntos.*,
        not flag_fora_da_area and adiantamento_segundos <= {{ var('futuro_tolerado_segundos') }} as situado,
        least(desvio_ida_m, desvio_volta_m) <= {{ var('buffer_trajeto_m') }} as no_trajeto
    from juntos
),

anteriores as (
    select
        situados.*,
        {{ seconds_between('lag(timestamp_gps) over veiculo', 'timestamp_gps') }} as segundos,
        lag(latitude) over veiculo as latitude_anterior,
        lag(longitude) over veiculo as longitude_anterior,
        lag(hodometro) over veiculo as hodometro_anterior,
        lag(servico) over veiculo as servico_anterior,
        lag(distancia_ida_m) over veiculo as distancia_ida_anterior_m,
        lag(distancia_volta_m) over veiculo as distancia_volta_anterior_m,
        lag(velocidade_instantanea) over veiculo as velocidade_anterior,
        lag(direcao) over veiculo as direcao_anterior,
        lag(ignicao) over veiculo as ignicao_anterior
    from situados
    window veiculo as (partition by id_veiculo, situado order by timestamp_gps)
),

distancias as (
    select
        anteriores.*,
        situado and segundos <= {{ hora }} as tem_anterior,
        case
            when situado and segundos <= {{ hora }}
                then {{ metres_between('latitude_anterior', 'longitude_anterior', 'latitude', 'longitude') }}
        end as distancia
    from anteriores
),

-- Metres made on the way out, less those made on the way back, halved: a bus on the way back has them below zero.
-- More than it moved it cannot have made; where the way comes by a second time, the place on it may jump.
passos as (
    select
        distancias.*,
        case
            when segundos <= {{ var('janela_movel_velocidade_segundos') }} then 3.6 * distancia / segundos
        end as velocidade_do_passo,
        case
            when
                segundos <= {{ var('janela_movel_velocidade_segundos') }}
                and servico = servico_anterior
                and abs(distancia_ida_m - distancia_ida_anterior_m) <= 1.5 * distancia + {{ var('buffer_trajeto_m') }}
                and abs(distancia_volta_m - distancia_volta_anterior_m)
                <= 1.5 * distancia + {{ var('buffer_trajeto_m') }}
                then (
                    distancia_ida_m - distancia_ida_anterior_m - distancia_volta_m + distancia_volta_anterior_m
                ) / 2
        end as avanco_m
    from distancias
),

-- Sums of whole numbers (metres, metres an hour): an engine can move such a window along, row by row. Of what happened
-- last, the moment is enough.
janelas as (
    select
        passos.*,
        avg({{ whole('1000 * velocidade_do_passo') }}) over (
            veiculo range between {{ seconds(var('janela_movel_velocidade_segundos')) }} preceding and current row
        ) / 1000.0 as velocidade_media,
        sum({{ whole('avanco_m') }}) over (
            veiculo range between {{ seconds(var('sentido_janela_segundos')) }} preceding and current row
        ) as avanco_da_janela_m,
        sum(
            case when distancia = 0 and velocidade_instantanea > {{ var('velocidade_limiar_parado_kmh') }} then 1 else 0 end
        ) over (
            veiculo range between {{ seconds(var('janela_movel_velocidade_segundos')) }} preceding and current row
        ) as parado_dizendo_que_anda,
        max(case when no_trajeto then {{ epoch_seconds('timestamp_gps') }} end) over veiculo as ultima_vez_no_trajeto,
        max(
            case
                when tem_anterior and coalesce(servico, '') != coalesce(servico_anterior, '')
                    then {{ epoch_seconds('timestamp_gps') }}
            end
        ) over veiculo as servico_desde,
        {% if is_incremental() %}
        sum(novo) over (veiculo range between {{ seconds(hora) }} preceding and current row) as afetado
        {% else %}
        1 as afetado
        {% endif %}
    from passos
    window veiculo as (partition by id_veiculo, situado order by timestamp_gps)
),

-- The newest direction: the moment in seconds, doubled, and one more on the way out. What was made with another line says
-- nothing.
rumos as (
    select
        janelas.*,
        max(
            case
                when avanco_da_janela_m >= {{ var('sentido_avanco_m') }}
                    then 2 * {{ epoch_seconds('timestamp_gps') }} + 1
                when avanco_da_janela_m <= -{{ var('sentido_avanco_m') }}
                    then 2 * {{ epoch_seconds('timestamp_gps') }}
            end
        ) over veiculo as rumo
    from janelas
    window veiculo as (partition by id_veiculo, situado order by timestamp_gps)
),

sentidos as (
    select
        rumos.*,
        case
            when
                rumo >= 2 * ({{ epoch_seconds('timestamp_gps') }} - {{ var('sentido_validade_segundos') }})
                and rumo >= 2 * (coalesce(servico_desde, 0) + {{ var('sentido_janela_segundos') }})
                then case rumo % 2 when 1 then 'ida' else 'volta' end
            else sentido_informado
        end as sentido,
        coalesce(
            ultima_vez_no_trajeto
            >= {{ epoch_seconds('timestamp_gps') }} - {{ var('intervalo_max_desvio_segundos') }},
            false
        ) as no_trajeto_hist,
        coalesce(velocidade_media, velocidade_instantanea, 0)
        >= {{ var('velocidade_limiar_parado_kmh') }} as em_movimento,
        case when garagem is not null then 'garagem' when estacao_id is not null then 'terminal' end as tipo_parada,
        coalesce(
            segundos <= {{ var('janela_movel_velocidade_segundos') }}
            and distancia > {{ var('salto_m') }}
            and velocidade_do_passo > {{ var('salto_kmh') }},
            false
        ) as flag_salto,
        coalesce(
            tem_anterior and (
                hodometro < hodometro_anterior - 0.05
                or hodometro > hodometro_anterior + 1.5 + 3 * distancia / 1000
            ),
            false
        ) as flag_hodometro_reiniciado,
        parado_dizendo_que_anda >= 3 as flag_aparelho_preso,
        coalesce(
            tem_anterior and distancia = 0
            and velocidade_instantanea = velocidade_anterior
            and hodometro = hodometro_anterior
            and coalesce(direcao, -1) = coalesce(direcao_anterior, -1)
            and coalesce(ignicao, -1) = coalesce(ignicao_anterior, -1),
            false
        ) as flag_repetido
    from rumos
    where afetado > 0
),

final as (
    select
        'BRT' as modo,
        sentidos.timestamp_gps,
        cast({{ in_rio('sentidos.timestamp_gps') }} as date) as data,
        cast(extract(hour from {{ in_rio('sentidos.timestamp_gps') }}) as integer) as hora,
        sentidos.id_veiculo,
        sentidos.servico,
        sentidos.latitude,
        sentidos.longitude,
        case when situado then em_movimento and no_trajeto_hist end as flag_em_operacao,
        case when situado then em_movimento end as flag_em_movimento,
        sentidos.tipo_parada,
        linhas.linha is not null as flag_linha_existe,
        case when situado then coalesce(no_trajeto, false) end as flag_trajeto_correto,
        case when situado then no_trajeto_hist end as flag_trajeto_correto_hist,
        case
            when not situado then null
            when em_movimento and no_trajeto_hist then 'Em operação'
            when em_movimento then 'Operando fora trajeto'
            when tipo_parada is not null then 'Parado ' || tipo_parada
            when no_trajeto_hist then 'Parado trajeto correto'
            else 'Parado fora trajeto'
        end as status,
        sentidos.velocidade_instantanea,
        case
            when velocidade_media is not null
                then {{ rounded('least(velocidade_media, ' ~ var('velocidade_maxima_kmh') ~ ')', 1) }}
        end as velocidade_estimada_10_min,
        {{ rounded('distancia', 1) }} as distancia,
        '{{ var('versao') }}' as versao,
        sentidos.placa,
        sentidos.linha,
        sentidos.sentido,
        sentidos.sentido_informado,
        coalesce(sentidos.sentido != sentidos.sentido_informado, false) as flag_sentido_corrigido,
        sentidos.trajeto,
        case sentidos.sentido when 'ida' then distancia_ida_m when 'volta' then distancia_volta_m end as progresso_m,
        case sentidos.sentido when 'ida' then desvio_ida_m when 'volta' then desvio_volta_m end as desvio_m,
        sentidos.desvio_ida_m,
        sentidos.distancia_ida_m,
        sentidos.desvio_volta_m,
        sentidos.distancia_volta_m,
        sentidos.estacao_id,
        sentidos.distancia_estacao_m,
        sentidos.garagem,
        sentidos.direcao,
        sentidos.ignicao,
        sentidos.hodometro,
        sentidos.captured_at,
        sentidos.load_id,
        sentidos.adiantamento_segundos,
        sentidos.flag_sem_posicao,
        sentidos.flag_fora_da_area,
        sentidos.flag_futuro,
        sentidos.flag_atrasado,
        sentidos.flag_codigo_fora_da_frota,
        sentidos.flag_velocidade_improvavel,
        sentidos.flag_salto,
        sentidos.flag_hodometro_reiniciado,
        sentidos.flag_aparelho_preso,
        sentidos.flag_repetido,
        case
            when not situado or flag_futuro or flag_salto or flag_aparelho_preso then 'Poor'
            when
                flag_atrasado or flag_velocidade_improvavel or flag_hodometro_reiniciado or flag_codigo_fora_da_frota
                or direcao >= 360
                then 'Good'
            else 'Excellent'
        end as qualidade,
        {{ derived_by() }} as derived_by
    from sentidos
    left join (select distinct linha from {{ ref('linhas') }}) as linhas on sentidos.servico = linhas.linha
)

select * from final
