{% macro is_fleet_code(codigo) -%}
{#- Whether a code is a fleet number: of the BRT 901, 902 or 903 and three digits, as all of its buses have since 2023.
    Where no prefix is set, every code is one.
    Without regular expressions, whose syntax differs by engine. -#}
{% if not var('frota_prefixos') %}true{% else %}(
    length({{ codigo }}) = 6
    and substring({{ codigo }}, 1, 3) in ('{{ var('frota_prefixos') | join("', '") }}')
    and translate({{ codigo }}, '0123456789', '') = ''
){% endif %}
{%- endmacro %}
