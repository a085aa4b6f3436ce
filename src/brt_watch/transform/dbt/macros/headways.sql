{% macro is_bunched(interval, planned) -%}
{#- Whether a headway is bunched against the planned one; null without either. -#}
{{ interval }} < {{ var('comboio_fracao') }} * {{ planned }}
{%- endmacro %}

{% macro is_gap(interval, planned) -%}
{#- Whether a headway is a gap in the service against the planned one; null without either. -#}
{{ interval }} > {{ var('lacuna_fracao') }} * {{ planned }}
{%- endmacro %}
