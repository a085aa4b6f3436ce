-- How each line ran in the last hours. The live engine runs the same statement on DuckDB.
select
    linha,
    hora,
    veiculos,
    velocidade_mediana
from linhas_hora
where hora > %(de)s
order by linha, hora
