{% macro east_m(longitude) -%}
{#- Metres east of the prime meridian on a plane tangent to the Earth at Rio; accurate to 0.2 % over the city. -#}
(({{ longitude }}) * {{ var('metros_por_grau') }} * cos(radians({{ var('latitude_de_referencia') }})))
{%- endmacro %}

{% macro north_m(latitude) -%}
{#- Metres north of the equator on the same plane. -#}
(({{ latitude }}) * {{ var('metros_por_grau') }})
{%- endmacro %}

{% macro signals_on_the_plane() -%}
{#- A query: the signals within the area, with their place on that plane. -#}
select
    load_id,
    codigo,
    datahora,
    {{ east_m('longitude') }} as leste_m,
    {{ north_m('latitude') }} as norte_m
from {{ ref('stg_brt__sinais') }}
where not flag_fora_da_area
{%- endmacro %}

{% macro cell(east, north) -%}
{#- The number of the square of `lado_da_celula_m` in which a point of the plane lies. -#}
{{ cell_number(cell_index(east), cell_index(north)) }}
{%- endmacro %}

{% macro cell_index(metres) -%}
{#- The column or row of squares that contains a coordinate in metres east or north. -#}
cast(floor(({{ metres }}) / {{ var('lado_da_celula_m') }}) as bigint)
{%- endmacro %}

{% macro cell_number(column, row) -%}
{#- One number for a column and a row; a degree is about 1,110 squares, so a million leaves enough room. -#}
({{ column }} * 1000000 + {{ row }})
{%- endmacro %}

{% macro cell_middle_m(index) -%}
{#- Metres east or north of the middle of a column or a row of squares. A float, because exact decimals are six times slower. -#}
((cast({{ index }} as double precision) + 0.5) * {{ var('lado_da_celula_m') }})
{%- endmacro %}

{% macro metres_between(latitude_a, longitude_a, latitude_b, longitude_b) -%}
{#- Metres between two positions on a sphere of the Earth's mean radius (haversine). -#}
(2 * {{ var('metros_por_grau') }} * degrees(asin(sqrt(
    power(sin(radians(({{ latitude_b }}) - ({{ latitude_a }})) / 2), 2)
    + cos(radians({{ latitude_a }})) * cos(radians({{ latitude_b }}))
    * power(sin(radians(({{ longitude_b }}) - ({{ longitude_a }})) / 2), 2)
))))
{%- endmacro %}

{% macro block(east, north) -%}
{#- The number, 0 to 15, of the quarter of a side by a quarter of a side in which a point lies within its square. -#}
cast(
    4 * (floor(({{ east }}) / {{ var('lado_da_celula_m') / 4 }}) - 4 * floor(({{ east }}) / {{ var('lado_da_celula_m') }}))
    + floor(({{ north }}) / {{ var('lado_da_celula_m') / 4 }}) - 4 * floor(({{ north }}) / {{ var('lado_da_celula_m') }})
    as integer
)
{%- endmacro %}

{% macro middle_of_block_m(centre, index) -%}
{#- Metres east or north of the middle of a column or row of such quarters, 0 to 3, from the middle of the square. -#}
({{ centre }} + {{ (index - 1.5) * var('lado_da_celula_m') / 4 }})
{%- endmacro %}

{% macro share_of_piece(east, north, piece) -%}
{#- Where the projection of a point onto a segment lies: 0 at its start, 1 at its end. A segment has a start
    (leste_m, norte_m), a vector (delta_leste_m, delta_norte_m) and the square of its length (comprimento2_m2). -#}
least(1, greatest(0, (
    ({{ east }} - {{ piece }}.leste_m) * {{ piece }}.delta_leste_m
    + ({{ north }} - {{ piece }}.norte_m) * {{ piece }}.delta_norte_m
) / {{ piece }}.comprimento2_m2))
{%- endmacro %}

{% macro foot_on_piece(east, north, piece) -%}
{#- The columns of a segment that tell where a point is on it and how far from it: `fracao` is that of share_of_piece. -#}
{{ piece }}.inicio_m,
        {{ piece }}.comprimento_m,
        {{ piece }}.leste_m,
        {{ piece }}.norte_m,
        {{ piece }}.delta_leste_m,
        {{ piece }}.delta_norte_m,
        {{ share_of_piece(east, north, piece) }} as fracao
{%- endmacro %}

{% macro metres_from_piece(east, north, piece, share) -%}
{#- Metres from a point to the point at this fraction of a segment. -#}
sqrt(
    ({{ east }} - {{ piece }}.leste_m - {{ share }} * {{ piece }}.delta_leste_m)
    * ({{ east }} - {{ piece }}.leste_m - {{ share }} * {{ piece }}.delta_leste_m)
    + ({{ north }} - {{ piece }}.norte_m - {{ share }} * {{ piece }}.delta_norte_m)
    * ({{ north }} - {{ piece }}.norte_m - {{ share }} * {{ piece }}.delta_norte_m)
)
{%- endmacro %}

{% macro rounded(number, digits) -%}
{#- Rounded half away from zero, as the city does; floats would round 0.25 to 0.2. The digits are explicit because each
    engine has its own default. DuckDB takes nine times as long for more than 18 digits, so that only large numbers get them:
    1.4 s of processor time less for gps_brt of a day. -#}
{%- if target.type == 'postgres' -%}
{{ rounded_decimal(number, 30, digits) }}
{%- else -%}
case
    when abs({{ number }}) < 100000000 then {{ rounded_decimal(number, 18, digits) }}
    else {{ rounded_decimal(number, 30, digits) }}
end
{%- endif -%}
{%- endmacro %}

{% macro rounded_decimal(number, precision, digits) -%}
cast(round(cast({{ number }} as numeric({{ precision }}, 9)), {{ digits }}) as double precision)
{%- endmacro %}

{% macro cross_join_numbers(first, last, name) -%}
{#- A row for every whole number from `first` to `last`, both of the row on the left, as `name`.n. -#}
cross join lateral generate_series({{ first }}, {{ last }}) as {{ name }} (n)
{%- endmacro %}
