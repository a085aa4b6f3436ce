-- One row is a signal that was sent within a garage.
--
-- A point lies in a polygon when a line from it to the east crosses an odd number of its sides.
with sinais as (
    {{ signals_on_the_plane() | indent(4) }}
),

lados as (
    select
        sinais.load_id,
        sinais.codigo,
        sinais.datahora,
        garagens.garagem,
        case
            when garagens.raio_m is not null
                then case
                    when
                        power(sinais.leste_m - garagens.leste_m, 2) + power(sinais.norte_m - garagens.norte_m, 2)
                        <= power(garagens.raio_m, 2)
                        then 1
                    else 0
                end
            when
                (garagens.norte_m > sinais.norte_m) != (garagens.norte_seguinte_m > sinais.norte_m)
                and sinais.leste_m < garagens.leste_m
                + (garagens.leste_seguinte_m - garagens.leste_m) * (sinais.norte_m - garagens.norte_m)
                / nullif(garagens.norte_seguinte_m - garagens.norte_m, 0)
                then 1
            else 0
        end as cruza
    from sinais
    inner join {{ ref('int_rede__celulas_garagens') }} as garagens
        on {{ cell('sinais.leste_m', 'sinais.norte_m') }} = garagens.celula
),

areas as (
    select
        load_id,
        codigo,
        datahora,
        garagem
    from lados
    group by load_id, codigo, datahora, garagem
    having sum(cruza) % 2 = 1
),

final as (
    select
        load_id,
        codigo,
        datahora,
        min(garagem) as garagem
    from areas
    group by load_id, codigo, datahora
)

select * from final
