{% macro shown_until(signals, raw) -%}
{#- The CTEs that find until when the capture shows what came after a forecast: `fins`, a row a service day and moment of the
    raw forecasts, with the second at which the next hole begins. -#}
-- Holes in the capture of a day, in which no bus is seen to come; the last one begins with its end, since the next capture
-- begins with the last signals from before it.
buracos as (
    select
        dia_operacao,
        sabido as de,
        coalesce(lead(sabido) over (partition by dia_operacao order by sabido), 9999999999) as ate
    from (
        select distinct
            {{ service_day('captured_at') }} as dia_operacao,
            {{ epoch_seconds('captured_at') }} as sabido
        from {{ signals }}
    ) as capturas
),

-- Until when the capture shows what came after a moment.
fins as (
    select
        momentos.dia_operacao,
        momentos.momento,
        min(buracos.de) as segundo
    from (select distinct dia_operacao, momento from {{ raw }}) as momentos
    inner join buracos
        on
            momentos.dia_operacao = buracos.dia_operacao
            and momentos.momento < buracos.ate
            and buracos.ate - buracos.de > {{ var('previsao_silencio_segundos') }}
    group by momentos.dia_operacao, momentos.momento
)
{%- endmacro %}
