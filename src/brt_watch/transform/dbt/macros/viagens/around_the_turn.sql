{% macro signals_around_the_turn(silencio, alcance) -%}
{#- The CTEs of the signals around a turn of the service day: `sinais` has them with the day that begins (dia_operacao) and its
    first second (inicio). An increment reads those of vehicles whose turn the changed signals may move. The local hour of
    the stamp chooses first, because it is there already; it is a wide choice, for clocks that are ahead or change. -#}
{%- set colunas = ['timestamp_gps', 'velocidade_instantanea', 'latitude', 'longitude'] %}
perto_da_hora as (
    select
        gps.id_veiculo,
        {{ sent_at('gps') }} as enviado_em,
        gps.{{ colunas | join(',\n        gps.') }}
    from {{ ref('gps_brt') }} as gps
    where
        {{ can_be_placed('gps') }}
        and gps.hora between 1 and {{ 3 + (alcance + var('futuro_tolerado_segundos')) // 3600 }}
        {% if is_incremental() %}and gps.{{ changed_since_the_last_run() }}{% endif %}
),

com_dia as (
    select
        perto_da_hora.*,
        {{ service_day('(enviado_em + ' ~ seconds(silencio) ~ ')') }} as dia_operacao
    from perto_da_hora
),

{% if is_incremental() %}
mudados as (
    select
        id_veiculo,
        dia_operacao,
        {{ service_day_start('dia_operacao') }} as inicio,
        min(enviado_em) as mudou
    from com_dia
    group by id_veiculo, dia_operacao
),

sinais as (
    select
        mudados.id_veiculo,
        mudados.dia_operacao,
        {{ epoch_seconds('mudados.inicio') }} as inicio,
        da_virada.*
    from mudados
    left join {{ this }} as achadas
        on mudados.id_veiculo = achadas.id_veiculo and mudados.dia_operacao = achadas.dia_operacao
    cross join lateral (
        select
            {{ sent_at('gps') }} as enviado_em,
            gps.{{ colunas | join(',\n            gps.') }}
        from {{ ref('gps_brt') }} as gps
        where
            {{ can_be_placed('gps') }}
            and gps.id_veiculo = mudados.id_veiculo
            and gps.timestamp_gps >= mudados.inicio - {{ seconds(silencio) }}
            and gps.timestamp_gps < {{ latest_stamp_before('mudados.inicio + ' ~ seconds(alcance)) }}
        {{ join_one_by_one() }}
    ) as da_virada
    where
        mudados.mudou < mudados.inicio + {{ seconds(alcance) }}
        and (
            achadas.virada is null
            or {{ epoch_seconds('mudados.mudou') }} <= achadas.virada
        )
)
{% else %}
sinais as (
    select
        com_dia.*,
        {{ epoch_seconds(service_day_start('dia_operacao')) }} as inicio
    from com_dia
)
{% endif %}
{%- endmacro %}
