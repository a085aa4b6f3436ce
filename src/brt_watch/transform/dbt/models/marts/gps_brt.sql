-- One row is a signal of a vehicle: the city's public table of the BRT's GPS, plus what the city leaves out.
--
-- A row depends on the signal and on those of the same vehicle in the hour before it (`intervalo_max_segundos`). A run
-- therefore derives the new signals and those up to an hour after one, and reads those before that they depend on: increments in
-- any order equal a full refresh. The steps are macros (macros/gps_brt); a view could not read this table.
-- Long because its 47 columns are listed one by one.
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
    pre_hook="{{ plan_with_hashes() }}",
    post_hook="{{ analyze_when_new() }}"
) }}

{% set desde -%}
    {% if is_incremental() %}where {{ newer_loads(this) }}{% endif %}
{%- endset %}

{#- The columns of a signal and its place, by their names in this table. -#}
{% set do_sinal = [
    'id_veiculo', 'timestamp_gps', 'placa', 'linha', 'servico', 'sentido_informado', 'trajeto', 'latitude', 'longitude',
    'velocidade_instantanea', 'direcao', 'ignicao', 'hodometro', 'captured_at', 'origem', 'load_id',
    'adiantamento_segundos', 'flag_sem_posicao', 'flag_fora_da_area', 'flag_futuro', 'flag_atrasado',
    'flag_codigo_fora_da_frota', 'flag_velocidade_improvavel', 'desvio_ida_m', 'distancia_ida_m', 'desvio_volta_m',
    'distancia_volta_m', 'estacao_id', 'distancia_estacao_m', 'garagem'
] %}

with novos as (
    {{ signals_with_place(desde) }}
),

{% if is_incremental() %}
conhecidos as (
    {{ known_neighbours('novos', this, do_sinal) }}
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

rumos as (
    {{ movement('juntos') }}
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
        cast({{ local_time('sentidos.timestamp_gps') }} as date) as data,
        cast(extract(hour from {{ local_time('sentidos.timestamp_gps') }}) as integer) as hora,
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
        sentidos.origem,
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
