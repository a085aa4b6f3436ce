{% macro is_fleet_code(codigo) -%}
{#- Whether a code is a fleet number of the BRT: 901, 902 or 903 and three digits, as all of its buses have since 2023.
    Written without regular expressions, which every engine spells in its own way. -#}
(
    length({{ codigo }}) = 6
    and substring({{ codigo }}, 1, 3) in ('901', '902', '903')
    and translate({{ codigo }}, '0123456789', '') = ''
)
{%- endmacro %}
