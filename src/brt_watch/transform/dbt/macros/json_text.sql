{% macro json_text(value, name) -%}
{#- A field of a JSON object as text, null where it has none. -#}
({{ value }} ->> '{{ name }}')
{%- endmacro %}
