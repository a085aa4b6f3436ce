{% macro age_class(seconds) -%}
{#- The class of the age of a signal. -#}
case
    when {{ seconds }} <= {{ var('ao_vivo_segundos') }} then 'ao vivo'
    when {{ seconds }} <= {{ var('em_silencio_segundos') }} then 'atrasado'
    when {{ seconds }} <= {{ var('fora_de_operacao_segundos') }} then 'em silêncio'
    else 'fora de operação'
end
{%- endmacro %}
