{% macro sent_at(signals) -%}
{#- When a vehicle sent a signal: by its stamp, or, where its clock is ahead, a usual delay before the signal was captured. -#}
case
    when {{ signals }}.flag_futuro then {{ signals }}.captured_at - interval '{{ var("entrega_segundos") }} seconds'
    else {{ signals }}.timestamp_gps
end
{%- endmacro %}

{% macro can_be_placed(signals) -%}
{#- Whether position and time of a signal can be true, or corrected. -#}
not {{ signals }}.flag_fora_da_area and {{ signals }}.adiantamento_segundos <= {{ var('futuro_tolerado_segundos') }}
{%- endmacro %}

{% macro latest_stamp_before(moment) -%}
{#- Signals that were sent before a moment have stamps before this. -#}
{{ moment }} + interval '{{ var("futuro_tolerado_segundos") }} seconds'
{%- endmacro %}

{% macro service_day_sent(signals) -%}
{#- The service day in which a signal was sent (sent_at): where its stamp counts, its local date and hour are columns of gps_brt,
    which takes less than to find the local time again. -#}
case
    when {{ signals }}.flag_futuro then {{ service_day(sent_at(signals)) }}
    else {{ service_day_of_stamp(signals) }}
end
{%- endmacro %}

{% macro service_day_of_stamp(signals) -%}
{#- The service day of the stamp of a row of gps_brt. -#}
case when {{ signals }}.hora >= 3 then {{ signals }}.data else {{ days_after(signals ~ '.data', -1) }} end
{%- endmacro %}
