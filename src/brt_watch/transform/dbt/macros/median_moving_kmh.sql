{% macro median_moving_kmh(speed) -%}
{#- The median of the speeds of those that move; null where none does. -#}
{{ percentile(0.5, 'case when ' ~ speed ~ ' >= ' ~ var('velocidade_limiar_parado_kmh') ~ ' then ' ~ speed ~ ' end') }}
{%- endmacro %}
