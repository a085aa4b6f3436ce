{% macro blended(value) -%}
{#- The mean of an hour, shrunk towards that of the kind of day, and that towards the mean of the stretch: the fewer buses
    it rests on, the more. -#}
{%- set few = var('previsao_poucos_onibus') -%}
{%- set stretch = 'por_trecho.' ~ value -%}
{%- set kind -%}
((coalesce(por_tipo.onibus, 0) * coalesce(por_tipo.{{ value }}, {{ stretch }}) + {{ few }} * {{ stretch }})
/ (coalesce(por_tipo.onibus, 0) + {{ few }}))
{%- endset -%}
(coalesce(por_hora.onibus, 0) * coalesce(por_hora.{{ value }}, {{ kind }}) + {{ few }} * {{ kind }})
/ (coalesce(por_hora.onibus, 0) + {{ few }})
{%- endmacro %}
